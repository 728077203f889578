"""Keeping what people made: copies of a workspace, their return, and what is wrong with one.

contents      which files belong in a backup
backup        one archive while others write
archive       an archive from anywhere, checked before a byte of it is used
rows          a store as rows, between a server and a file
restore       a whole workspace from an archive
restore_labels    the labels alone, into a workspace that has the images
findings      what doctor says of a thing it looked at
soundness     data bases, data sets, versions, audits, runs
serving       the PostgreSQL server
remains       what killed processes left, jobs, disk, clock
installation  versions, packages, extras, models
"""
