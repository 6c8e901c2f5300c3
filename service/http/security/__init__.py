"""Authorisation, requests from browsers, and slow connections."""
