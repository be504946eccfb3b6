"""Where a distribution comes from: the indexes and sources that projects declare, and one installation for each."""
