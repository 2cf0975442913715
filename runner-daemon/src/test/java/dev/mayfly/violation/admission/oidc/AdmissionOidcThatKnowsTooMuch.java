package dev.mayfly.violation.admission.oidc;

/** Knows a package that is none of its business. */
public record AdmissionOidcThatKnowsTooMuch(
        dev.mayfly.violation.source.SourceThatKnowsAdmission other) {}
