"""Leading a team: adjudication, agreement, figures of each reviewer, and removing the work of one reviewer."""
