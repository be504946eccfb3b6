"""The component ``CodeBuildBuilder``: ``builder`` is its arguments and outputs, ``resources`` what it makes.

``policies`` are the documents of its role, ``grants`` what each image adds to them.
"""
