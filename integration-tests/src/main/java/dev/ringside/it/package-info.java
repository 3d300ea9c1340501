/**
 * Tests of the packaged executables: each starts {@code java -jar target/NAME.jar} as a user does and drives it with a
 * real guest or a real front-end. The system property {@code ringside.root} names the directory that holds the modules.
 *
 * <p>Classes named {@code *IT} run in {@code ./mvnw verify}, once everything is packaged; {@code -DskipITs} leaves them
 * out.
 */
@NullMarked
package dev.ringside.it;

import org.jspecify.annotations.NullMarked;
