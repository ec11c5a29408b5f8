"""What recipes are made of, as forms and files show it, and the recipes and judge templates that a project keeps."""
