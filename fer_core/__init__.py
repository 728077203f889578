"""FERret finds the wrong labels in FER2013, lets people fix them, and proves that it helped.

The floors, from the ground up; a floor imports only what stands above it in this list:

    emotions, errors, files, snapshot, database, progress, workspace, identity    the ground floor
    work          long work in pieces, here or on a Ray cluster; on the ground floor as well
    dataset       what the images are: store, importers, exporters, demo, versions
    imaging       pictures in general: finding and cropping faces, frames of videos, imports that need faces
    networks      the networks and their registry
    evaluation    functions on arrays: metrics, protocol, comparison of runs
    training      recipe, balance, augmentation, loop, checkpoints, the search over settings
    runs          run folders: the session that fills one, scores, leaderboards, reports, proofs
    audit         what is wrong: duplicates, quality, suspicious labels
    review        what people say: verdicts, queues, consensus, the policy that cuts versions
    prediction    from a photo or a video to probabilities, maps, timelines
    jobs          background work; stands beside the floors and imports none of them
    keeping       backup, restore, and what doctor finds; knows jobs as well
    commands      the command line, `python -m fer_core`
"""

__version__ = "0.1.0"
