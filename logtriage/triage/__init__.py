"""What went wrong: anomalies against a baseline, who moved first, whom they blame, and so who is to be suspected."""
