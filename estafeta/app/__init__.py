"""The application: configuration, wiring, commands. The only reader of the environment."""
