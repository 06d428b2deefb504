"""
The process on a machine that is measured: enrols, serves its own queue, measures, and hands its samples on.

It has no database and no web; what it knows of the site comes by HTTP and by its own queue.
"""
