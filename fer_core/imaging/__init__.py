"""Pictures in general, before any network sees them.

faces     where the faces in a picture are
crop      from any picture to the 48x48 grey pixels that a network takes
sample    the photo that comes along, to try things on
"""
