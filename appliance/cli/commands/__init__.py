"""One module per command; each offers its click command as `command`. A module is imported when it is used."""
