import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BrokerProcess, startBroker } from './broker-process.ts'

/** No persistence and no management: a broker for one test. */
const configuration = (folder: string, port: number): string => `<?xml version="1.0" encoding="UTF-8"?>
<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="test" persistent="false" useJmx="false" dataDirectory="${folder}/data">
    <destinationPolicy>
      <policyMap><policyEntries><policyEntry queue=">" optimizedDispatch="true"><deadLetterStrategy><sharedDeadLetterStrategy processExpired="false"/></deadLetterStrategy></policyEntry></policyEntries></policyMap>
    </destinationPolicy>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${port}"/>
    </transportConnectors>
  </broker>
</beans>
`

/** ActiveMQ 5 with its STOMP connector. */
export async function startActiveMq (): Promise<BrokerProcess> {
  return await startBroker(async (folder, port) => {
    await mkdir(join(folder, 'tmp'))
    await writeFile(join(folder, 'activemq.xml'), configuration(folder, port))
    return {
      name: 'ActiveMQ',
      command: 'java',
      args: ['-Xmx512m', `-Djava.io.tmpdir=${folder}/tmp`, `-Dactivemq.data=${folder}/data`, `-Dactivemq.base=${folder}`, '-Dactivemq.home=/usr/share/activemq',
        `-Dactivemq.conf=${folder}`, '-jar', '/usr/share/activemq/bin/activemq.jar', 'start', `xbean:file:${folder}/activemq.xml`],
      env: {}
    }
  })
}
