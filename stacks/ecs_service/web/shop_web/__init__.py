"""A web service that says what a parcel costs."""
