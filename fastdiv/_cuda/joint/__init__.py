"""Measures of joint tables: marginals first, then the terms beside them, last the centred gradient."""
