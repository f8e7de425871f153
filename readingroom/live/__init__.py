"""The live page: a video in the browser, wires on top of it while it plays.

==================  ====================================================================
`protocol`          binary frames in, binary results out
`videos`            what can be played: simulated sequences, and files of a folder
`line`              one browser's line: always the newest frame, never a queue
`corrections`       what people corrected, kept as files
`server`            routes, access, headers
==================  ====================================================================
"""
