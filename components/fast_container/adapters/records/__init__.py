"""Records of builds: on this machine, and beside the images.

Decides where they lie and how many are kept: ``local_records`` in the user's cache, ``shared_records`` in the images'
repositories (``outbox`` has those that are not there yet), ``image_history`` from one image's to those of the image
before, ``metric_log`` in a log group that CloudWatch makes metrics of; ``export_history`` is what cache exports are
decided by. Leaves what a record holds to ``core.records``, and how records read to ``report``.
"""
