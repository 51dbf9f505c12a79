"""Import of files, folders and ZIPs: each object goes the same way as one that a box sends."""
