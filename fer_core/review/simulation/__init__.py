"""Reviews without people.

simulate   annotators drawn from a vote table, in the real queues and a real log
repairs    what they mended
"""
