/** An object definition file with one executable, one multiple and one plain resource. */
export function objectXml(object: { readonly id: number; readonly name?: string; readonly version?: string }): string {
  const { id, name = 'Object', version } = object;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- A comment -->
<LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="LWM2M-v1_1.xsd">
  <Object ObjectType="MODefinition">
    <Name>${name}</Name>
    <Description1><![CDATA[Text with <markup> & more]]></Description1>
    <ObjectID>${id}</ObjectID>
    <ObjectURN>urn:oma:lwm2m:x:${id}${version ? `:${version}` : ''}</ObjectURN>
    <LWM2MVersion>1.1</LWM2MVersion>
    ${version ? `<ObjectVersion>${version}</ObjectVersion>` : ''}
    <MultipleInstances>Multiple</MultipleInstances>
    <Mandatory>Optional</Mandatory>
    <Resources>
      <Item ID="7">
        <Name>Rate &amp; limit</Name>
        <Operations>RW</Operations>
        <MultipleInstances>Multiple</MultipleInstances>
        <Mandatory>Mandatory</Mandatory>
        <Type>Unsigned Integer</Type>
        <RangeEnumeration>0..10
          20..30</RangeEnumeration>
        <Units>m/s</Units>
        <Description/>
      </Item>
      <Item ID="2">
        <Name>Reset</Name>
        <Operations>E</Operations>
        <MultipleInstances>Single</MultipleInstances>
        <Mandatory>Optional</Mandatory>
        <Type></Type>
        <RangeEnumeration></RangeEnumeration>
        <Units></Units>
        <Description></Description>
      </Item>
    </Resources>
    <Description2/>
  </Object>
</LWM2M>
`;
}
