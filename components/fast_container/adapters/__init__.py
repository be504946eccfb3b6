"""The outside, one thing a folder: each imports its SDK and the core, nothing else of ours."""
