/**
 * Tests of the packaged executables: each starts {@code java -jar target/NAME.jar} as a user does and drives it with a
 * real guest or a real front-end. The system property {@code ringside.root} names the directory that holds the modules.
 *
 * <p>Classes named {@code *IT} run in {@code ./mvnw verify}, once everything is packaged; {@code -DskipITs} leaves them
 * out.
 *
 * <p>Those named {@code Net*IT} make network namespaces where they are root, and are skipped with a reason where they
 * are not; no interface of the host is touched. {@code -Dringside.transfer.mib=1024} makes their large transfers larger.
 */
@NullMarked
package dev.ringside.it;

import org.jspecify.annotations.NullMarked;
