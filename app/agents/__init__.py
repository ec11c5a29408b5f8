"""What agents talk to: the Model Context Protocol (MCP) over the services, with the rights of whoever asks."""
