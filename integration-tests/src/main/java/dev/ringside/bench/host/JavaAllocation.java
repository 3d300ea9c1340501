package dev.ringside.bench.host;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Asks another JVM how much its threads have allocated: the JVM's own count, exact to the byte. It is told by a management
 * agent that is loaded into the JVM for it, whose threads are left out of the sum; as the agent costs memory and time,
 * runs that are measured for something else do without.
 */
public final class JavaAllocation implements AutoCloseable {
    private final JMXConnector connector;
    private final ThreadMXBean threads;

    /** Loads the agent into a JVM. */
    @SuppressWarnings("BanJNDI") // at an address that a JVM of ours gives, on this machine
    public JavaAllocation(long pid) throws BenchException {
        try {
            VirtualMachine machine = VirtualMachine.attach(String.valueOf(pid));
            try {
                connector = JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
            } finally {
                machine.detach();
            }
            threads = ManagementFactory.newPlatformMXBeanProxy(
                    connector.getMBeanServerConnection(), ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
        } catch (IOException | AttachNotSupportedException e) {
            throw new BenchException("cannot ask the Java process " + pid + ": " + e.getMessage(), e);
        }
    }

    /** Bytes, by all living threads but the agent's. */
    public long allocatedBytes() {
        long[] ids = threads.getAllThreadIds();
        ThreadInfo[] infos = threads.getThreadInfo(ids);
        long[] bytes = threads.getThreadAllocatedBytes(ids);
        long sum = 0;
        for (int i = 0; i < ids.length; i++) {
            ThreadInfo info = infos[i];
            if (info != null && bytes[i] > 0 && !isAgents(info.getThreadName())) {
                sum += bytes[i];
            }
        }
        return sum;
    }

    private static boolean isAgents(String name) {
        return name.startsWith("RMI ") || name.startsWith("JMX ") || name.equals("Attach Listener");
    }

    @Override
    public void close() throws BenchException {
        try {
            connector.close();
        } catch (IOException e) {
            throw new BenchException("the Java process is gone: " + e.getMessage(), e);
        }
    }
}
