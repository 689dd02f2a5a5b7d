"""WeChat Pay API v3 (JSAPI), behind the ports."""
