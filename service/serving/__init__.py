"""What every transport needs: settings, admission, metrics, and the services that are built from them."""
