"""The trained judge: from experts' labels to a classifier of answers, its measured quality, and its verdicts."""
