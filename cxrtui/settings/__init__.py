"""The configuration, its fields, and the schedule of transfer learning. This room imports the standard library only."""
