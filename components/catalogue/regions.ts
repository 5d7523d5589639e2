/** One Azure region that a stack may name. */
export interface Region {
  readonly name: string;
  readonly displayName: string;
  /** Whether it has availability zones. */
  readonly zones: boolean;
}

const withZones = (name: string, displayName: string): Region => ({
  name,
  displayName,
  zones: true,
});
const withoutZones = (name: string, displayName: string): Region => ({
  name,
  displayName,
  zones: false,
});

/** Public regions; a region that is not here needs a row before a stack can use it (docs/environment.md). */
export const regions: readonly Region[] = [
  withZones("eastus", "East US"),
  withZones("eastus2", "East US 2"),
  withZones("southcentralus", "South Central US"),
  withZones("centralus", "Central US"),
  withZones("westus2", "West US 2"),
  withZones("westus3", "West US 3"),
  withoutZones("westus", "West US"),
  withoutZones("northcentralus", "North Central US"),
  withoutZones("westcentralus", "West Central US"),
  withZones("canadacentral", "Canada Central"),
  withoutZones("canadaeast", "Canada East"),
  withZones("brazilsouth", "Brazil South"),
  withZones("northeurope", "North Europe"),
  withZones("westeurope", "West Europe"),
  withZones("uksouth", "UK South"),
  withoutZones("ukwest", "UK West"),
  withZones("francecentral", "France Central"),
  withZones("germanywestcentral", "Germany West Central"),
  withZones("swedencentral", "Sweden Central"),
  withZones("norwayeast", "Norway East"),
  withZones("switzerlandnorth", "Switzerland North"),
  withZones("polandcentral", "Poland Central"),
  withZones("italynorth", "Italy North"),
  withZones("southafricanorth", "South Africa North"),
  withZones("uaenorth", "UAE North"),
  withZones("centralindia", "Central India"),
  withoutZones("southindia", "South India"),
  withZones("southeastasia", "Southeast Asia"),
  withZones("eastasia", "East Asia"),
  withZones("japaneast", "Japan East"),
  withZones("koreacentral", "Korea Central"),
  withZones("australiaeast", "Australia East"),
  withoutZones("australiasoutheast", "Australia Southeast"),
];

/** The region of that name, or undefined. */
export const findRegion = (name: string): Region | undefined =>
  regions.find((region) => region.name === name);
