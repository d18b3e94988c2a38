"""What coordinators change in a campaign that runs: dates, units, readings."""
