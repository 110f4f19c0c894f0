"""What lies beside a nightly copy of the database, and the way back to one. It knows files, not what they mean."""
