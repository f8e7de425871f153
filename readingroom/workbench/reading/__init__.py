"""The reading page: findings, live numbers, evidence, report, signature."""
