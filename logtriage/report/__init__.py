"""The hand-over: what triage, marks and the week have to tell, as one document that is written as Markdown or HTML."""
