"""Background work that outlives the browser and the server.

store      the jobs, in jobs.db: queued, running, done, failed, cancelled, interrupted
runner     submit, cancel, resume, and the worker: a process of its own that runs one job at a time
report     what a running job says about itself, and how it hears that it should stop
outcome    from what a process left behind to how its job ended
process    a process known by host, number and start time, because numbers are used again
"""
