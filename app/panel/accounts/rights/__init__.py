"""What people may do: roles, rules, loans, how they read in words, and what the house looks like to somebody else."""
