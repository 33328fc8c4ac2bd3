"""What records say, without the values in it: templates, mined from few distinct texts."""
