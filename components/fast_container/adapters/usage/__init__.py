"""Who uses images: services of AWS, the states of stacks, and program files.

Decides what each service is asked, and that every page is read: an answer that cannot be had is an error, never "not in
use". ``account`` is one account in one region, with every reader of it; the readers are ``lambda_functions``,
``ecs_services`` (with ``ecs_images``, what was resolved and what is declared), and ``other_services`` (App Runner,
SageMaker, CodeBuild, Batch); ``stacks`` are states of Pulumi; ``deployed`` is a quick look for people. A reader
remembers what cannot change, so that reading again costs the lists alone. Leaves lists of AWS to
``adapters.aws_lists``, and which image a reference means to ``core.cleanup``.
"""
