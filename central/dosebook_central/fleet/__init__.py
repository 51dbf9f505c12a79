"""The boxes of a registry: certificates, enrolment, revocation."""
