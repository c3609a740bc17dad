"""What runs the course: the lesson builder, the environment doctor, the command line."""
