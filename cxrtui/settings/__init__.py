"""What a user can set: the configuration, its fields, and the schedule of transfer learning. Standard library only."""
