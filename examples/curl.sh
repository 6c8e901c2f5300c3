#!/bin/sh
# Segments a photo with curl. Writes areas.json, mask.png and overlay.webp into the current folder.
#
#     sh examples/curl.sh docs/street.jpg
#
# SEGMENT is the address of the service. FCN_SERVE_KEY is the key, if the service asks for one.
set -eu
photo=$1
service=${SEGMENT:-http://127.0.0.1:8000}

# Errors have a sentence in JSON: --fail-with-body prints it, and curl exits with 22. --retry waits for the seconds that a
# busy service names (Retry-After).
ask() {
    curl --silent --show-error --fail-with-body --retry 5 \
        ${FCN_SERVE_KEY:+--header "Authorization: Bearer $FCN_SERVE_KEY"} --form "image=@$photo" "$@"
}

# The areas alone, in mm² too. An answer that takes longer than ten seconds is an error 504.
ask --header 'X-Deadline-Ms: 10000' --output areas.json "$service/segment?include=confidence&pixel_spacing_mm=0.5"

# The mask: an indexed PNG, its pixels are class ids.
ask --header 'Accept: image/png' --output mask.png "$service/segment"

# The colours of the classes over the photo.
ask --header 'Accept: image/webp' --output overlay.webp "$service/segment"
