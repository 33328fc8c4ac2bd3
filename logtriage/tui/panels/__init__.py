"""What opens beside the events or over them: details, lists and boxes."""
