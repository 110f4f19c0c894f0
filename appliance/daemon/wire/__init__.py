"""What the wire can ask of this gateway beyond turns: each part is loaded and built when somebody first asks for it.

It wires parts together and must not decide anything; the handlers lie in gateway.methods and gateway.http.
"""
