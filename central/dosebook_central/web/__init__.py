"""The pages: one blueprint per thing a person does."""
