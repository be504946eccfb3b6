"""What takes the space in an image, and what grew between two: pure, from the listings of their layers.

Decides how the bytes of an image are divided: by the instruction that made a layer, by directory, by Python
distribution, by the system's package, and into what is shown and what ships unseen. Only the files that the image shows
count for directories and packages; those that later layers hide are counted apart, so nothing counts twice. In reading
order: ``instructions`` (an instruction as people wrote it), ``owners`` (which package a file is of), ``directories``
(the few that hold most), ``waste`` (what ships unseen), ``image`` (one image, the way in), ``comparison`` (two),
``documents`` (both as JSON).

Leaves reading to ``build.image_contents``, and rules about what is found to ``checks.image``.
"""
