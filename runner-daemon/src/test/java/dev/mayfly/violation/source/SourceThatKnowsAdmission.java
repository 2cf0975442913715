package dev.mayfly.violation.source;

/** A stage that knows another one. */
public record SourceThatKnowsAdmission(
        dev.mayfly.violation.admission.AdmissionThatKnowsPool other) {}
