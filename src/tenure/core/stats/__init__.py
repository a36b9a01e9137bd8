"""What can be said of a population from some of it. Pure functions of counts and sums."""
