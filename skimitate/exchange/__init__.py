"""Files and tables of other libraries, episode by episode, as arrays."""
