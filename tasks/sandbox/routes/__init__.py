"""The routes: what is read from a request, which rule is asked, and what the reply's form rests on."""
