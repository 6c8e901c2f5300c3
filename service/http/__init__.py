"""The face: routes unwrap a request, call the core once, wrap its result."""
