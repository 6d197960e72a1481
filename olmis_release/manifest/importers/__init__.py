"""Reading distributions as they are in the field: compose files and `.env` at a ref of a repository, or in a folder."""
