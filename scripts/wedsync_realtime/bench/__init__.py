"""Measure the package against plain SQL that does the same, in a throwaway PostgreSQL.

Both sides run in turn, in short slices, so that whatever else the machine does hits both. Every
ratio is the median of the rounds' ratios, on wall time and on the CPU time of the backend; the
latter is far steadier, and leaves out the client, the network and waiting for the disk.
"""
