"""Running an installation: readiness, figures for monitoring, examination, clean-up, backups and workers."""
