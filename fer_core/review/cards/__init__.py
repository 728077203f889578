"""What a person sees of a face.

cards         what a card needs to know
grid          many faces of one kind at once
look          what stands behind a reveal    evidence   an audit's words by row
exemplars     faces that show a class well
preferences   a person's keys
"""
