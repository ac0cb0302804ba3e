"""Compositions of the stages: plain functions, Prefect flows, and the command."""
