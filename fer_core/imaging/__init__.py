"""Pictures in general, before any network sees them.

faces, search, yunet   where the faces in a picture are: quickly, with patience, by another detector
crop                   from any picture to the 48x48 grey pixels that a network takes
affine, resizing       moving pictures in batches, and the names of the ways to resize them
film, film_decoder     frames of a video, decoded in a process of its own under limits
taking, clips, ckplus  faces out of pictures, videos and CK+'s sequences, for a data set
importing              one entry to every import, on this floor and the one below
sample                 the photo that comes along, to try things on
"""
